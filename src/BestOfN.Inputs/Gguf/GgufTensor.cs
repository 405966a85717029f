namespace BestOfN.Inputs.Gguf;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name there, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">Element type; a file may have types that <see cref="GgufType"/> does not name.</param>
/// <param name="Shape">Sizes, outermost first.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape)
{
    public long Elements => Shape.Aggregate(1L, (product, size) => checked(product * size));

    /// <summary>Bytes in the file; null where the type is not known here.</summary>
    public long? Length => GgufBlocks.Length(Type, Elements);
}
