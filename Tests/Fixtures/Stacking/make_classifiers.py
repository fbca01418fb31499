"""Makes classifiers.json: what scikit-learn and XGBoost give on a small table.

    pip install scikit-learn==1.9.1 xgboost-cpu==3.2.0
    python3 make_classifiers.py > classifiers.json
"""

import json

import numpy as np
import sklearn
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(7)
rows = 240
table = np.column_stack(
    [
        random.normal(size=rows),
        random.gamma(2.0, size=rows) * 40,
        random.uniform(-3, 3, size=rows),
        random.integers(0, 4, size=rows),  # values that repeat, as votes do
        np.full(rows, 2.5),  # a feature that says nothing
    ]
)
# In single precision, XGBoost's own, so that both sort and split the same numbers.
table = table.astype(np.float32).astype(np.float64)
odds = 1.2 * table[:, 0] - 0.03 * table[:, 1] + np.abs(table[:, 2]) + (table[:, 3] > 1)
labels = (random.uniform(size=rows) < 1 / (1 + np.exp(-odds))).astype(int)
weights = random.integers(1, 9, size=rows) / 4
weights[:5] = 0

logistic = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-12, max_iter=1000))
logistic.fit(table, labels, logisticregression__sample_weight=weights)

trees = []
for depth, rounds in [(1, 1), (2, 5), (3, 40)]:
    model = xgboost.train(
        {
            "objective": "binary:logistic", "base_score": 0.5, "tree_method": "exact", "max_depth": depth,
            "eta": 0.1, "lambda": 1.0, "alpha": 0.0, "gamma": 0.0, "min_child_weight": 1.0, "nthread": 1,
        },
        xgboost.DMatrix(table, labels, weight=weights),
        num_boost_round=rounds,
    )
    trees.append(
        {
            "depth": depth,
            "rounds": rounds,
            "probabilities": [float(p) for p in model.predict(xgboost.DMatrix(table))],
        }
    )

print(
    json.dumps(
        {
            "made_by": f"scikit-learn {sklearn.__version__}, xgboost {xgboost.__version__}, numpy {np.__version__}",
            "rows": table.tolist(),
            "labels": labels.tolist(),
            "weights": weights.tolist(),
            "logistic": {
                "coefficients": logistic[-1].coef_[0].tolist(),
                "intercept": float(logistic[-1].intercept_[0]),
                "probabilities": logistic.predict_proba(table)[:, 1].tolist(),
            },
            "trees": trees,
        }
    )
)
