"""The public test kit: what people need to test their own use of Headway. Must not be needed to run it."""
