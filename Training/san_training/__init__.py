"""Training of SAN models: text tower, image tower, side adapter."""
