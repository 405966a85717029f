namespace BestOfN.Docs.Tests.Clients;

public sealed class PythonClientTests(PocketGateway gateway) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-python-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_program_prints_the_winner_and_the_scores()
    {
        Assert.SkipUnless(ClientProgram.IsThere("python3"), "python3 is not installed.");
        var (missing, _) = await ClientProgram.RunAsync(_folder, "python3", "-c", "import openai");
        Assert.SkipUnless(missing == 0, "The package openai is not installed for python3.");

        var file = Path.Combine(_folder, "chat.py");
        await ClientProgram.WriteAsync(file, ClientProgram.All("python").Single(), gateway.Address);
        var (exitCode, output) = await ClientProgram.RunAsync(_folder, "python3", file);
        Assert.True(exitCode == 0, output);
        ClientProgram.AssertPrinted(output);
    }
}
