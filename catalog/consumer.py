"""Who reads a dataset, as the record or the declarations tell, in the words that drift is judged in."""
