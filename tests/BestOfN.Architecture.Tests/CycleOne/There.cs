namespace BestOfN.Architecture.Tests.CycleOne;

/// <summary>Uses the namespace CycleTwo, which uses this one: the test of cycles must find the pair.</summary>
internal sealed class There
{
    public CycleTwo.Back? Other { get; set; }
}
