"""Plans, outcomes, listings and problems to text, Markdown and JSON. Pure: values in, strings out."""
