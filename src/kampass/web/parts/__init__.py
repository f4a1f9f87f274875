"""What pages are made of, one file a part."""
