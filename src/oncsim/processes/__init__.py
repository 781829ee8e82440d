"""The processes of a quarter, one file each, in the order that :mod:`oncsim.model` lists them."""
