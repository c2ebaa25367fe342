"""The image, run as GitHub's runner runs it; `make image` builds what is tested here."""
