"""What each step costs, beside the way the field does it."""
