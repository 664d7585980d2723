"""The dialects of models: what each says and wants to hear. One file a dialect."""
