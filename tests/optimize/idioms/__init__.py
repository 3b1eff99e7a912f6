"""What programs pay their libraries for, written otherwise."""
