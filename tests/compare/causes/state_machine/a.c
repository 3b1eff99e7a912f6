// Counts words; most bytes are letters.
#include <stdio.h>

static unsigned char text[65536];

__attribute__((noinline)) static long rare(long words, unsigned char c) {
  return words + c % 7;
}

__attribute__((noinline)) long kernel(const unsigned char *s, long n) {
  long words = 0, in = 0;
  for (long i = 0; i < n; i++) {
    if (s[i] == 9) {
      words = rare(words, s[i ^ 1]);
      in = 0;
    } else if (s[i] == ' ') {
      words += in;
      in = 0;
    } else
      in = 1;
  }
  return words;
}

int main(void) {
  long words = 0;
  for (int i = 0; i < 65536; i++)
    text[i] = i % 13 == 0 ? ' ' : i % 1009 == 0 ? 9 : 'a' + i % 26;
  for (int r = 0; r < 1200; r++)
    words += kernel(text + (r & 7), sizeof text - 8);
  printf("%ld\n", words);
}
