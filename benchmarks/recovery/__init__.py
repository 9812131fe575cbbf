"""What people see and hear of each other while the network of one of them is bad, and when it is good again."""
