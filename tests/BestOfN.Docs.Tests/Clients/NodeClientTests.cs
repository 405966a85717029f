namespace BestOfN.Docs.Tests.Clients;

public sealed class NodeClientTests(PocketGateway gateway, NodePackages packages) : IClassFixture<NodePackages>
{
    public static TheoryData<string> Places => [.. ClientProgram.All("js").Select(block => block.Place)];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task The_program_prints_the_winner_and_the_scores(string place)
    {
        Assert.SkipWhen(packages.Missing is not null, packages.Missing ?? "");
        var program = ClientProgram.All("js").Single(block => block.Place == place);
        var file = Path.Combine(packages.Folder, $"chat{program.Number}.mjs");
        await ClientProgram.WriteAsync(file, program, gateway.Address);

        var (exitCode, output) = await ClientProgram.RunAsync(packages.Folder, "node", file);
        Assert.True(exitCode == 0, output);
        ClientProgram.AssertPrinted(output);
    }
}
