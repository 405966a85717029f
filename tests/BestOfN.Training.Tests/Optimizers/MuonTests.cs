using BestOfN.Training.Optimizers;
using static TorchSharp.torch;

namespace BestOfN.Training.Tests.Optimizers;

public sealed class MuonTests
{
    [Theory]
    [InlineData(8, 24)]
    [InlineData(24, 8)]
    public void A_direction_keeps_its_singular_vectors_and_gets_singular_values_near_one(int rows, int columns)
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(3, CPU);
        var matrices = randn(2, rows, columns, generator: random);

        var result = Muon.Orthogonalise(matrices);

        var (u, _, vh) = linalg.svd(matrices, fullMatrices: false);
        var values = u.transpose(1, 2).matmul(result).matmul(vh.transpose(1, 2));   // diagonal where the vectors are the same
        Assert.All(values.diagonal(0, 1, 2).reshape(-1).data<float>(), s => Assert.InRange(s, 0.6f, 1.35f));
        Assert.InRange((values - values.diagonal(0, 1, 2).diag_embed()).abs().max().item<float>(), 0, 0.05f);
    }

    [Fact]
    public void Hidden_matrices_take_a_step_of_their_scale_and_everything_else_one_of_adamw()
    {
        using var scope = NewDisposeScope();
        var (matrix, vector, head) = (zeros(4, 16).requires_grad_(true), zeros(4).requires_grad_(true), zeros(1, 4).requires_grad_(true));
        using var optimizer = new Muon(
            [new("layer.weight", matrix), new("norm.weight", vector), new("score.weight", head)], beta2: 0.99, weightDecay: 0);
        using var random = new Generator(4, CPU);
        stack([(matrix * randn(4, 16, generator: random)).sum(), (vector * tensor(3f)).sum(), (head * tensor(-5f)).sum()]).sum().backward();

        optimizer.Step(learningRate: 0.1, gradientNorm: 1);

        // Four singular values near one make a root mean square of 1 / sqrt(16), and 0.2 · sqrt(16) takes that to 0.2.
        Assert.InRange(matrix.detach().pow(tensor(2f)).mean().sqrt().item<float>(), 0.1f * 0.2f * 0.6f, 0.1f * 0.2f * 1.35f);
        Assert.All(vector.detach().data<float>(), v => Assert.Equal(-0.1f, v, 4));
        Assert.All(head.detach().data<float>(), v => Assert.Equal(0.1f, v, 4));
        Assert.Equal(0, matrix.grad!.abs().max().item<float>());
    }
}
