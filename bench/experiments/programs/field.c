#include "counts.h"

COUNTED(smooth)
void smooth(double *restrict out, const double *restrict in, int rows, int columns) {
  for (int i = 1; i < rows - 1; i++)
    for (int j = 1; j < columns - 1; j++)
      out[i * columns + j] = 0.25 * (in[(i - 1) * columns + j] + in[(i + 1) * columns + j] +
                                     in[i * columns + j - 1] + in[i * columns + j + 1]);
  CALLED(smooth);
}

COUNTED(decay)
void decay(double *restrict out, const double *restrict in, double by, int n) {
  double factor = 1.0 / by;
  for (int i = 0; i < n; i++)
    out[i] = in[i] * factor + 0.5;
  CALLED(decay);
}
