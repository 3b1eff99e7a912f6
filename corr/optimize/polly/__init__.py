"""Loop nests as Polly writes and reads them (JSCoP files): modelled, reordered, handed to clang."""
