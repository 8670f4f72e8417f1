"""What exists: one thin module per sport, the partitions they share, and the warehouse over all of them."""
