"""YAML and JSON text to nodes with exact positions.

Here belongs what is true of any document: encoding, syntax, duplicate keys, limits of size and depth.
Not here: what a key means (`config`, `cloudformation`).
"""
