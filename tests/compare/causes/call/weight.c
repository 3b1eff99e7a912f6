float weight(float value);

float weight(float value)
{
    return value * 0.5f + 1.0f;
}
