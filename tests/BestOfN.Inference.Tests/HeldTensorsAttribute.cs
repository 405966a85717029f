using System.Reflection;
using BestOfN.Inference.Tests;
using TorchSharp;
using Xunit.v3;

[assembly: HeldTensors]

namespace BestOfN.Inference.Tests;

/// <summary>Keeps every tensor that a test makes until the test is over.</summary>
/// <remarks>
/// TorchSharp does not keep a tensor alive while native code works on it or an accessor reads it: where nobody but an expression holds it,
/// a garbage collection of another thread may free it meanwhile, which now and then ends the process. Product code makes its tensors within
/// dispose scopes; this is for what tests write down. Tests that await change threads, and leave tensors to a device worker.
/// </remarks>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class HeldTensorsAttribute : BeforeAfterTestAttribute
{
    [ThreadStatic]
    private static DisposeScope? t_scope;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (methodUnderTest.ReturnType == typeof(void))
        {
            t_scope = torch.NewDisposeScope();
        }
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (methodUnderTest.ReturnType == typeof(void))
        {
            (t_scope ?? throw new InvalidOperationException("The test began on another thread.")).Dispose();
            t_scope = null;
        }
    }
}
