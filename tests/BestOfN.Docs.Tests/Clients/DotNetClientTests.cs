namespace BestOfN.Docs.Tests.Clients;

public sealed class DotNetClientTests(PocketGateway gateway) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-dotnet-").FullName;

    public static TheoryData<string> Places => [.. ClientProgram.All("csharp").Select(block => block.Place)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_program_prints_the_winner_and_the_scores(string place)
    {
        await ClientProgram.WriteAsync(
            Path.Combine(_folder, "chat.cs"), ClientProgram.All("csharp").Single(block => block.Place == place), gateway.Address);
        var (exitCode, output) = await ClientProgram.RunAsync(_folder, "dotnet", "run", "chat.cs");
        Assert.SkipWhen(output.Contains("NU1301", StringComparison.Ordinal), "The feed of packages cannot be reached.");
        Assert.True(exitCode == 0, output);
        ClientProgram.AssertPrinted(output);
    }
}
