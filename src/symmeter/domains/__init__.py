"""What symmeter measures, by kind of data: one folder or file a kind."""
