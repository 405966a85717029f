namespace BestOfN.Inference.Kernels;

/// <summary>
/// Work on some adjacent rows, for every type of their numbers. A struct, so that each type gets machine code of its own.
/// </summary>
internal interface IRowKernel
{
    /// <summary>Must not touch tensors: it runs on other threads.</summary>
    /// <param name="first">The first row.</param>
    /// <param name="count">How many rows.</param>
    void Run<T, TLanes>(long first, long count)
        where T : unmanaged
        where TLanes : struct, ILanes<T>;
}
