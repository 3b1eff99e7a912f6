int same_key(unsigned a, unsigned b) { return a == b; }
int before(int a, int b) { return a < b; }
