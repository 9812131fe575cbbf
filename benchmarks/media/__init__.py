"""What forwarding pictures and sound costs: our worker and Janus's videoroom, side by side in one run."""
