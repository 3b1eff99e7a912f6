#include "counts.h"

COUNTED(words)
long words(const unsigned char *text, long n) {
  long found = 0;
  int inside = 0;
  for (long i = 0; i < n; i++) {
    int letter = (text[i] | 32) >= 'a' && (text[i] | 32) <= 'z';
    found += letter & !inside;
    inside = letter;
  }
  CALLED(words);
  return found;
}

COUNTED(checksum)
unsigned checksum(const unsigned char *text, long n) {
  unsigned sum = 2166136261u;
  for (long i = 0; i < n; i++)
    sum = (sum ^ text[i]) * 16777619u;
  CALLED(checksum);
  return sum;
}
