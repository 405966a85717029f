using System.Reflection;
using BestOfN.Core.Rewards;

namespace BestOfN.Architecture.Tests;

/// <summary>What Core's compiled references do not contain: a transitive package would not show in a project file.</summary>
public sealed class CoreReferenceTests
{
    [Theory]
    [InlineData("Microsoft.AspNetCore")]
    [InlineData("TorchSharp")]
    [InlineData("System.Net.Http")]
    [InlineData("System.Data")]
    [InlineData("Microsoft.Data")]
    [InlineData("Yarp")]
    public void Core_does_not_see(string assembly) =>
        Assert.DoesNotContain(
            typeof(IRewardModel).Assembly.GetReferencedAssemblies().Select((AssemblyName n) => n.Name!),
            name => name.StartsWith(assembly, StringComparison.Ordinal));
}
