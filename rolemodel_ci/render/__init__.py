"""Values to text, Markdown and JSON. Pure: values in, strings out.

Here belong all sentences for people about plans, outcomes, roles and problems, and every JSON document.
Not here: decisions. No sentence made here is ever read back.
"""
