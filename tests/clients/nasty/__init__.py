"""Tables of values that readers change, as other programs write them, and what may be read of them."""
