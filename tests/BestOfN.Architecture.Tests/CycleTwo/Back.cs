namespace BestOfN.Architecture.Tests.CycleTwo;

/// <summary>Uses the namespace CycleOne, which uses this one: the test of cycles must find the pair.</summary>
internal sealed class Back
{
    public static int Read(CycleOne.There there) => there.Other is null ? 0 : 1;
}
