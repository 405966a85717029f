namespace BestOfN.Inference.Tests;

/// <summary>Tests that count live tensors run alone: others would change the count.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class NativeMemory
{
    public const string Name = "native memory";
}
