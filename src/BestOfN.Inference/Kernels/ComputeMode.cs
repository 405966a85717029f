namespace BestOfN.Inference.Kernels;

/// <summary>What a network is loaded for.</summary>
public enum ComputeMode
{
    /// <summary>The fastest operators, some of them in place. No gradient flows through them.</summary>
    Inference,

    /// <summary>Operators that gradients flow through.</summary>
    Training,
}
