/* A text is garbled, letter by letter; its length is taken for each letter. */
#include <string.h>
enum { N = 8000, ROUNDS = 50 };
char text[N + 1];

__attribute__((noinline)) void kernel(char *to)
{
    char last = 1;
    for (size_t i = 0; i < strlen(to); i++)
        last = to[i] = (char)(to[i] ^ (last & 1));
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        memset(text, 'a' + r % 26, N);
        kernel(text);
    }
    return text[1] == 'x';
}
