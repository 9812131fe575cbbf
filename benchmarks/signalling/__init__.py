"""What words cost: our server and others that do the same, side by side in one run."""
