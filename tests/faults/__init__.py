"""Faults between the tool and the embedded AWS, over HTTP, and what is proven with them."""
