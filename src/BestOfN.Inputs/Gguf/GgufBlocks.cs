namespace BestOfN.Inputs.Gguf;

/// <summary>How many bytes numbers of a type take.</summary>
/// <remarks>Source: the table of types in https://github.com/ggml-org/ggml/blob/master/src/ggml.c.</remarks>
internal static class GgufBlocks
{
    private static readonly Dictionary<int, (int Elements, int Bytes)> s_blocks = new()
    {
        [0] = (1, 4), [1] = (1, 2), [2] = (32, 18), [3] = (32, 20), [6] = (32, 22), [7] = (32, 24), [8] = (32, 34),
        [10] = (256, 84), [11] = (256, 110), [12] = (256, 144), [13] = (256, 176), [14] = (256, 210), [15] = (256, 292),
        [16] = (256, 66), [17] = (256, 74), [18] = (256, 98), [19] = (256, 50), [20] = (32, 18), [21] = (256, 110), [22] = (256, 82),
        [23] = (256, 136), [24] = (1, 1), [25] = (1, 2), [26] = (1, 4), [27] = (1, 8), [28] = (1, 8), [29] = (256, 56), [30] = (1, 2),
        [34] = (256, 54), [35] = (256, 66), [39] = (32, 17),
    };

    /// <summary>Bytes of so many elements; null for a type that is not known here.</summary>
    public static long? Length(GgufType type, long elements) =>
        s_blocks.TryGetValue((int)type, out var block) ? (elements + block.Elements - 1) / block.Elements * block.Bytes : null;
}
