"""The rules of AWS that ministack lacks, one module per subject. Loaded in the server process only."""
