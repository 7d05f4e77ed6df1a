"""The journals as tables: read once, joined with rewards, asked by everybody who wants a number. All of it can be rebuilt."""
