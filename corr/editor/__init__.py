"""corr in an editor: the files that an editor wants, written without harming what is there."""
