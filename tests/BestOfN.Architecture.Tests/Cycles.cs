// Two namespaces that use each other, for the test that such a pair is found.
namespace BestOfN.Architecture.Tests.CycleOne
{
    internal sealed class There
    {
        public CycleTwo.Back? Other { get; set; }
    }
}

namespace BestOfN.Architecture.Tests.CycleTwo
{
    internal sealed class Back
    {
        public static int Read(CycleOne.There there) => there.Other is null ? 0 : 1;
    }
}
