"""The peer of the speed comparison: a Llama-family model in eager PyTorch."""
