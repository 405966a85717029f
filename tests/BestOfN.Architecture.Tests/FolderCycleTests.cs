namespace BestOfN.Architecture.Tests;

/// <summary>Folders inside a project use each other in one direction only: a reader can
/// understand one without the others behind it.</summary>
public sealed class FolderCycleTests
{
    [Theory]
    [InlineData("BestOfN.Core.dll")]
    [InlineData("BestOfN.Inputs.dll")]
    [InlineData("BestOfN.Inference.dll")]
    [InlineData("BestOfN.LLama.dll")]
    [InlineData("BestOfN.Protocols.dll")]
    [InlineData("BestOfN.Gateway.dll")]
    [InlineData("BestOfN.Data.dll")]
    [InlineData("BestOfN.Training.dll")]
    [InlineData("bestofn.dll")]
    public void Folders_of_a_project_form_no_cycle(string assembly)
    {
        var graph = FolderGraph.Of(Path.Combine(AppContext.BaseDirectory, assembly));
        var cycles = graph.Cycles();
        Assert.True(cycles.Count == 0, string.Join('\n', cycles.Select(c => Describe(graph, c))));
    }

    [Fact]
    public void A_cycle_is_found()
    {
        var graph = FolderGraph.Of(typeof(FolderCycleTests).Assembly.Location);
        Assert.Contains(graph.Cycles(), c => c.SequenceEqual([typeof(CycleOne.There).Namespace!, typeof(CycleTwo.Back).Namespace!]));
    }

    private static string Describe(FolderGraph graph, string[] cycle) =>
        $"{string.Join(", ", cycle)} use each other:\n" +
        string.Join('\n', graph.Arrows.Where(a => cycle.Contains(a.Key.From) && cycle.Contains(a.Key.To)).Select(a => "  " + a.Value));
}
