"""From logits to belief: the line, pooling over windows, calibration, agreement, taxonomies."""
