"""The question of a page: read from its address, put into words, offered as fields."""
