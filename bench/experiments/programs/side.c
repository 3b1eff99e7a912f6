int same_key(unsigned a, unsigned b) { return a == b; }
