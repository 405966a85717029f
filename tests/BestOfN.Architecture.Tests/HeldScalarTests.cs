namespace BestOfN.Architecture.Tests;

/// <summary>
/// A TorchSharp Scalar made for one call may be finalised while the native side still reads it (see HeldScalar), and many of its operators
/// make one unseen: <c>a + b</c>, <c>x * 0.5</c>, <c>x.square()</c>. So no code here
/// calls what makes one without keeping it, tests included.
/// </summary>
public sealed class HeldScalarTests
{
    private static readonly HashSet<string> s_careless = FindCareless();

    [Theory]
    [InlineData("BestOfN.Inference.dll")]
    [InlineData("BestOfN.Training.dll")]
    [InlineData("BestOfN.Inference.Tests.dll")]
    [InlineData("BestOfN.Training.Tests.dll")]
    [InlineData("BestOfN.Benchmarks.dll")]
    public void No_scalar_is_made_for_one_call(string assembly)
    {
        var found =
            from method in CompiledCode.Methods(Path.Combine(AppContext.BaseDirectory, assembly))
            from call in method.Calls
            where s_careless.Contains(call.Name) || IsDropped(call)
            select $"{method.Name}: {call.Name}";
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("Tensor.op_Addition(Tensor, Tensor)")]
    [InlineData("Tensor.add_(Tensor)")]
    [InlineData("Tensor.op_Multiply(Tensor, Double)")]
    [InlineData("functional.softplus(Tensor, Double, Double)")]
    public void Operators_that_make_one_are_known(string method) => Assert.Contains(method, s_careless);

    [Theory]
    [InlineData("Tensor.add_(Tensor, Scalar)")]
    [InlineData("Tensor.op_Multiply(Tensor, Tensor)")]
    [InlineData("Tensor.op_Multiply(Tensor, Scalar)")]
    public void Operators_that_are_given_theirs_are_not_among_them(string method) => Assert.DoesNotContain(method, s_careless);

    // All that drop one, and all that call those.
    private static HashSet<string> FindCareless()
    {
        var methods = CompiledCode.Methods(Path.Combine(AppContext.BaseDirectory, "TorchSharp.dll"));
        var careless = methods.Where(m => m.Calls.Any(IsDropped)).Select(m => m.Name).ToHashSet();
        for (var known = 0; known < careless.Count;)
        {
            known = careless.Count;
            careless.UnionWith(methods.Where(m => m.Calls.Any(c => careless.Contains(c.Name))).Select(m => m.Name).ToArray());
        }

        return careless;
    }

    private static bool IsDropped(CompiledCall call) =>
        !call.IsKept && (call.Name.StartsWith("Scalar.op_Implicit(", StringComparison.Ordinal)
            || call.Name.StartsWith("ScalarExtensionMethods.ToScalar(", StringComparison.Ordinal));
}
