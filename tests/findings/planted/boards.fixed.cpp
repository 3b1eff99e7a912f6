// Looks some moves ahead in a game, on one board from which moves are taken back.
#include <array>
#include <cstdio>

struct Board {
    std::array<int, 512> cells{};
    std::array<int, 8> heights{};
    int turn = 1;
};

static void play(Board &b, int column)
{
    b.cells[b.heights[column]++ * 8 + column] = b.turn;
    b.turn = -b.turn;
}

static void take_back(Board &b, int column)
{
    b.turn = -b.turn;
    b.cells[--b.heights[column] * 8 + column] = 0;
}

static int score(const Board &b)
{
    int sum = 0;
    for (int i = 0; i < 256; i++)
        sum += b.cells[i] * i;
    return sum;
}

static int search(Board &b, int depth)
{
    if (depth == 0)
        return score(b) * b.turn;
    int best = -1000000;
    for (int column = 0; column < 8; column++) {
        if (b.heights[column] >= 8)
            continue;
        play(b, column);
        const int value = -search(b, depth - 1);
        take_back(b, column);
        if (value > best)
            best = value;
    }
    return best;
}

int main()
{
    Board board;
    long sum = 0;
    for (int move = 0; move < 14; move++) {
        play(board, move * 5 % 8);
        sum = sum * 3 + search(board, 6);
    }
    std::printf("%ld\n", sum);
}
