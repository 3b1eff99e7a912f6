/* A machine of eight operations reads a program in which they follow one another at random. */
enum { LENGTH = 1 << 16, ROUNDS = 400 };
static unsigned char program[LENGTH + 1];

__attribute__((noinline)) static unsigned run(const unsigned char *at, unsigned a)
{
    static const void *const table[] = {&&end, &&add, &&sub, &&mul, &&xor, &&rot, &&neg, &&inc};
    unsigned b = 7;
#define NEXT goto *table[*at++]
    NEXT;
add: a += b; NEXT;
sub: b -= a; NEXT;
mul: a *= 5; NEXT;
xor: b ^= a; NEXT;
rot: a = a << 3 | a >> 29; NEXT;
neg: b = -b; NEXT;
inc: a++; NEXT;
end: return a + b;
}

int main(void)
{
    unsigned seed = 1, total = 0;
    for (int i = 0; i < LENGTH; i++) {
        seed = seed * 1664525u + 1013904223u;
        program[i] = 1 + (seed >> 16) % 7;
    }
    for (int r = 0; r < ROUNDS; r++)
        total += run(program, r);
    return total == 3;
}
