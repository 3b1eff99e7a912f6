/*
 * deriche: Deriche's recursive smoothing of an n x n image, along the rows and then the columns.
 * In each direction it is the convolution with  k (1 + alpha |m|) exp(-alpha |m|)  over the
 * distance m, done as a recursion forwards and one backwards whose results are added:
 *
 *     y1[j] = a1 x[j]   + a2 x[j-1] + b1 y1[j-1] + b2 y1[j-2]
 *     y2[j] = a3 x[j+1] + a4 x[j+2] + b1 y2[j+1] + b2 y2[j+2]      all 0 outside the image
 *
 * with b1 = 2 exp(-alpha) and b2 = -exp(-2 alpha). Six nests of depth 2. Along the rows each pixel
 * waits for the two before it; along the columns too, and there the loops are the wrong way round
 * for the cache. Exchanged, they could be vectorised as well, but the scalars that carry the last
 * pixels stand in the way: they have to become reads of the arrays first.
 */
#include "corr_harness.h"

static double *image, *out, *y1, *y2;

static void kernel_deriche(int n, double alpha, double image[n][n], double out[n][n],
                           double y1[n][n], double y2[n][n])
{
    double decay = exp(-alpha);
    double a1 = (1.0 - decay) * (1.0 - decay) / (1.0 + 2.0 * alpha * decay - decay * decay);
    double a2 = a1 * decay * (alpha - 1.0);
    double a3 = a1 * decay * (alpha + 1.0);
    double a4 = -a1 * decay * decay;
    double b1 = 2.0 * decay;
    double b2 = -decay * decay;

    for (int i = 0; i < n; i++) {
        double xm1 = 0.0, ym1 = 0.0, ym2 = 0.0;
        for (int j = 0; j < n; j++) {
            y1[i][j] = a1 * image[i][j] + a2 * xm1 + b1 * ym1 + b2 * ym2;
            xm1 = image[i][j];
            ym2 = ym1;
            ym1 = y1[i][j];
        }
    }

    for (int i = 0; i < n; i++) {
        double xp1 = 0.0, xp2 = 0.0, yp1 = 0.0, yp2 = 0.0;
        for (int j = n - 1; j >= 0; j--) {
            y2[i][j] = a3 * xp1 + a4 * xp2 + b1 * yp1 + b2 * yp2;
            xp2 = xp1;
            xp1 = image[i][j];
            yp2 = yp1;
            yp1 = y2[i][j];
        }
    }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            out[i][j] = y1[i][j] + y2[i][j];

    for (int j = 0; j < n; j++) {
        double xm1 = 0.0, ym1 = 0.0, ym2 = 0.0;
        for (int i = 0; i < n; i++) {
            y1[i][j] = a1 * out[i][j] + a2 * xm1 + b1 * ym1 + b2 * ym2;
            xm1 = out[i][j];
            ym2 = ym1;
            ym1 = y1[i][j];
        }
    }

    for (int j = 0; j < n; j++) {
        double xp1 = 0.0, xp2 = 0.0, yp1 = 0.0, yp2 = 0.0;
        for (int i = n - 1; i >= 0; i--) {
            y2[i][j] = a3 * xp1 + a4 * xp2 + b1 * yp1 + b2 * yp2;
            xp2 = xp1;
            xp1 = out[i][j];
            yp2 = yp1;
            yp1 = y2[i][j];
        }
    }

    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            out[i][j] = y1[i][j] + y2[i][j];
}

static void setup(int n)
{
    size_t count = (size_t)n * n;
    image = corr_f64("image", CORR_INPUT, count);
    out = corr_f64("out", CORR_OUTPUT, count);
    y1 = corr_f64("y1", CORR_SCRATCH, count);
    y2 = corr_f64("y2", CORR_SCRATCH, count);
}

static void init(int n)
{
    corr_fill_real(image, (size_t)n * n, 0, 1e6);
}

static void run(int n)
{
    kernel_deriche(n, 0.25, (double (*)[n])image, (double (*)[n])out, (double (*)[n])y1,
                   (double (*)[n])y2);
}

CORR_MAIN("deriche", 32, 256, 3000, 4000)
