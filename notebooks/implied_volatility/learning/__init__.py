"""Networks that learn the map from a model's parameters to whole surfaces."""
