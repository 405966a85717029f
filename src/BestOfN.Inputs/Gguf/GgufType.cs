namespace BestOfN.Inputs.Gguf;

/// <summary>Element types of tensors, numbered as in the file; those that are written here.</summary>
internal enum GgufType
{
    F32 = 0,
    F16 = 1,

    /// <summary>Blocks of 32 numbers: a scale in float16 and 32 signed bytes.</summary>
    Q8_0 = 8,

    BF16 = 30,
}
