/* A text in upper case; its length is taken for each letter. */
#include <string.h>
enum { N = 8000, ROUNDS = 100 };
char text[N + 1];

__attribute__((noinline)) void kernel(char *to)
{
    for (size_t i = 0; i < strlen(to); i++)
        if (to[i] >= 'a' && to[i] <= 'z')
            to[i] -= 'a' - 'A';
}

int main(void)
{
    for (int r = 0; r < ROUNDS; r++) {
        memset(text, 'a' + r % 26, N);
        kernel(text);
    }
    return text[1] == 'x';
}
