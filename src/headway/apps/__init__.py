"""The applications on Headway: whole tools that write events and run jobs.

    interface    what an application is given, and what it adds        imports, monitor    one folder for each

None knows another, nor a transport, nor who watches: all of that lies below `interface`.
"""
